def reflection_methods(names):
    return {}
