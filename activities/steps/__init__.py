"""The steps of a plan, each as an activity named by its type."""
