"""TorchScript archives out: programs as `torch.jit.load` reads them, in Python and in C++. Nothing here needs torch.

`annotations.py` writes types, `printing.py` functions as serialised code, `calls.py` what operations are called there, `classes.py`
the classes; `pickling.py` writes the object tree and `writing.py` the archive.
"""
