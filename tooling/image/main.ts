import { buildOwnImage } from './build-image.ts';

const { archive, digest, sizeBytes } = await buildOwnImage();
console.log(`${archive}\n${digest}\n${(sizeBytes / 1e6).toFixed(1)} MB`);
