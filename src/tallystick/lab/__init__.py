"""The Justice Data Lab: did people who were helped fare better than people like them? So far: the estimating engine."""
