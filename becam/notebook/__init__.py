"""What becam does in a Jupyter notebook. IPython is imported in a notebook alone."""
