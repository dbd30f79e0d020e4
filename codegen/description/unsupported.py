"""What a robot file cannot say, by the words in which people try."""

_SPRINGS = "springs between points are not supported; a joint has 'stiffness' and 'rest'"
_OBSTACLES = "obstacles are not supported; 'ground' has a profile, its 'height'"
_SHAPES = "shapes are not supported; the 'points' with 'contact: true' touch the ground"
_LOOPS = "closed loops are not supported; each link is the child of one joint"
SPATIAL = "three-dimensional joints are not supported; a robot moves in a plane"
_MESHES = "meshes are not supported; a link has a length, a 'com' and an 'inertia'"
_FREE = "free joints are not supported; 'base: floating' lets the root link move freely"

# Keys, and types of joints.
UNSUPPORTED = {
    "tendon": "tendons are not supported",
    "tendons": "tendons are not supported",
    "spring": _SPRINGS,
    "springs": _SPRINGS,
    "obstacle": _OBSTACLES,
    "obstacles": _OBSTACLES,
    "shape": _SHAPES,
    "shapes": _SHAPES,
    "geom": _SHAPES,
    "geoms": _SHAPES,
    "geometry": _SHAPES,
    "collision": _SHAPES,
    "mesh": _MESHES,
    "meshes": _MESHES,
    "loop": _LOOPS,
    "loops": _LOOPS,
    "closed_loops": _LOOPS,
    "equality": _LOOPS,
    "ball": SPATIAL,
    "spherical": SPATIAL,
    "universal": SPATIAL,
    "planar": _FREE,
    "free": _FREE,
    "floating": _FREE,
}

# Types of joints in other formats, by what they are called here.
SYNONYMS = {
    "hinge": "revolute",
    "continuous": "revolute",
    "slide": "prismatic",
    "slider": "prismatic",
}
