"""What each page says, as plain data: the JSON beside the page is exactly this. Pure functions of a scene."""
