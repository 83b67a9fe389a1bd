"""Running programs: compiled functions and modules, specialisation by the types of a call, the cache of generated source."""
