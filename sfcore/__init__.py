"""What is true about faces, labels and models without an orchestrator: knows neither Prefect nor Ray."""
