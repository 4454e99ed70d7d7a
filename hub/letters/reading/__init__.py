"""Reading printed letters (the extra `ocr`): text and boxes from a confined child, fields from the text, never a verdict."""
