"""What a stage optimises: LightningModules for pretraining and adaptation."""
