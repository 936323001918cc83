"""A queue in the database, and the worker that takes from it: no broker to run, and a job outlives whoever was doing it."""
