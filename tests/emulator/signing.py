"""JSON web tokens with ES256, signed and spoilt as a test likes."""
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from emulator_process import base64url


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def read_key(path):
    with open(path, "rb") as file:
        return serialization.load_pem_private_key(file.read(), None)


def public_point(key):
    """The public key as 65 bytes."""
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def es256(key, header, claims, der=False):
    """With `der` the signature is not in the form that a JWT wants."""
    signing_input = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = key.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256()))
    if not der:
        r, s = utils.decode_dss_signature(signature)
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return signing_input + "." + base64url(signature)
