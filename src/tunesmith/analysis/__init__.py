"""What a study has learnt, for people: functions of a History that return plain data, and drawings of it.

importance.py    which parameters matter, everywhere and among the best; anova.py has the arithmetic
effects.py       how the loss changes with one parameter, or two
expectation.py   what a model expects of one config, and along parameters; axes.py has where it is asked
recommend.py     which config to ship, and what to expect of it
forecast.py      what more trials would bring; rollout.py plays them through
health.py        what is wrong with a study, and what to change; rules in checks.py, doubts.py;
                 origin.py knows whether that is code or a command line
figures/         drawings with Plotly; they compute nothing
report/          all of it in one HTML file

What is not here: the study itself, which calls these; nothing here knows it.
"""
