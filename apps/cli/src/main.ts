console.log('shale');
