def consume(entry):
    return f"{{{entry['tenant']}}} ${{kept}}"
