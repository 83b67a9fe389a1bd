KNOWN = {"out": {}, "in": {}}
