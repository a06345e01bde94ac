"""The legacy dialects of PHM-Vibench: reading their files, converting them, and going back."""
