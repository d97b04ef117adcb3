"""The forms in which a student answers: (description, coefficients) to text and back."""
