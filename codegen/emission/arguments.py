"""What a compiled function is handed as one struct, declared once for Python and C.

The fields of a NamedTuple are annotated with their types in C.  All of them are eight bytes long,
so the struct is an array of integers on this side: `numpy.array` of the tuple.  CasADi is not
imported here, since rooms without it import this file.
"""

from typing import Annotated, Any, get_args, get_type_hints

Count = Annotated[int, "long"]
Read = Annotated[int, "const double *"]  # address of a C-contiguous array of doubles
Indices = Annotated[int, "const long *"]  # the same of integers
Filled = Annotated[int, "double *"]


def struct(name: str, fields: Any) -> str:
    """The declaration in C of a struct with the fields of a NamedTuple."""
    hints = get_type_hints(fields, include_extras=True)
    lines = [_field(get_args(hints[field])[1], field) for field in fields._fields]
    return "\n".join(["typedef struct {", *(f"  {line}" for line in lines), f"}} {name};"])


def _field(c_type: str, name: str) -> str:
    return f"{c_type}{name};" if c_type.endswith("*") else f"{c_type} {name};"
