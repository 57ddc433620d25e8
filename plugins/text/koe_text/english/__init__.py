"""English: koe's own rules, then spokenform, then wetext for what still holds digits or symbols."""
