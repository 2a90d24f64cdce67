"""How the demo encoders are trained: ``python -m becam.encoders.demo.training --help``."""
