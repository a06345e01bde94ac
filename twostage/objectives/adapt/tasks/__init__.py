"""The tasks of a multitask adaptation: what each costs, and how well it is answered."""
