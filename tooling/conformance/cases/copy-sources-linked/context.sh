ln -s d tod; ln -s a.txt tofile; ln -s .. d/back; ln -s d/in/2 tid
