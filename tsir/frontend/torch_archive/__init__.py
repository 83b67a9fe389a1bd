"""TorchScript archives, as `torch.jit.save` writes them: read into programs without torch, and without executing anything.

`container.py` reads the zip file, `pickles.py` its pickles by a machine of few opcodes, `tensors.py` the storages; `sources.py`
finds the serialised code, `declared_types.py` reads its annotations, `classes.py` its classes; `functions.py`, `statements.py`,
`expressions.py`, `calls.py` and `host_calls.py` compile it; `upgraders.py` has what older versions of operators meant; `loading.py`
puts the program together. The serialised code is fully typed and calls operators by name, so that none of the script
frontend's inference is needed. Nothing here imports torch.
"""
