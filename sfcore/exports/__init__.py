"""What leaves a workspace: labels, supervision and predictions in the formats of other programs."""
