"""Client and command line of Mantis."""
