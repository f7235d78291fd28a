"""Take a machine-learning model from a pull request to production on AWS, and rehearse it on one machine."""
