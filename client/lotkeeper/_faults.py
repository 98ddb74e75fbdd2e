"""What is wrong with what a client was told when it was made."""


class SettingFault(ValueError):
    """A client cannot be made with this; the text says what to give instead, and shows no secret."""


class AddressFault(SettingFault):
    """An address that leads nowhere."""


class TlsFault(SettingFault):
    """A certificate or a key that cannot be used."""
