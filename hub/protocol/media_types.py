"""Media types and `typ` values that this project writes and reads."""

JOSE = "application/jose"
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
EVENT_STREAM = "text/event-stream"
PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
TIFF = "image/tiff"
SCANS = frozenset({PDF, JPEG, PNG, TIFF})
ASIC_E = "application/vnd.etsi.asic-e+zip"
CMS_SIGNATURE = "application/pkcs7-signature"
PEM = "application/x-pem-file"
PKIX_CRL = "application/pkix-crl"

ENVELOPE_TYP = "hanxun-envelope+jws"
RECEIPT_TYP = "hanxun-receipt+jws"
ACT_TYP = "hanxun-act+jws"
