"""Entry points: thin files that hand a composed configuration to a job."""
