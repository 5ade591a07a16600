"""The study: ask and tell, the run loop, and what it shows while it runs.

study.py      Study: ask, tell, enqueue, add, open
telling.py    what a told result means
minimize.py   minimize and maximize
run.py        the run loop and its limits
progress.py   live display and plain lines
words.py      how all of it is put into words
frame.py      trials as a table
"""
