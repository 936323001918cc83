"""The web service: a Django project over the same core as the command line.

Thin: a view asks the core and prints what it says. `environment` reads the settings, `registry` keeps the events of governance in
a database under `decide` and `evolve`, `roles` says who may see and do what, and each journey has a package of views.
"""
