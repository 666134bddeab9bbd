"""From a batch to explanations of its derivatives."""
