"""What happens around passes: printing, timing, verifying, checking. Each module has one kind of `pass_manager.Instrument`."""
