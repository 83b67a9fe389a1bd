"""Rules of rewriting as users meet them: verified on inputs that are made from their own constraints."""
