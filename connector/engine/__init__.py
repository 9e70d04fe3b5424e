"""The stations, in the order in which ``cycle`` runs them, and what stands beside them.

- *reading*: ``collect`` takes up pages, ``keeping`` what they say, ``readings`` gives it to the law; ``shown``: what was handed
  over as a file, met in a table.
- *whose*: ``relinking`` (links that career profiles tell of), ``identity`` with ``evidence``, ``merged`` and ``moved``
  (an account that is somebody else's now).
- *values*: ``planner`` goes through all that is to be compared (``owed``, ``batch``), ``judging`` asks the law, ``drafts`` makes
  writes of it; ``decisions`` takes staff's answers, ``asked``, ``recovered`` and ``unasking`` are the life of a question,
  ``remapped`` and ``permission`` what a changed mapping does, ``first_differences`` what a person has chosen (``adopt``).
- *requests*: ``requests`` and ``desk`` route what comes, ``following`` follows Tasks.
- *delivery*: ``deliver`` sends, ``doubt`` looks after what nobody knows the end of, ``settling`` moves what was agreed,
  ``working_set`` holds what a batch of answers touches; ``plans``: held, approved, dropped, tried again.
- *operation*: ``halting``, ``patience``, ``watch`` (lease, reminders, tidying), ``report``, ``usage``, ``pins``, ``erasing``,
  ``compare`` (the sweep), ``stage`` (``go-live``, ``pilot``); ``context`` is what all of them are given, ``crm_values`` reads
  single values of Salesforce.
"""
