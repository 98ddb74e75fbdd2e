/** A setting with which no client can be made: an address, a certificate, a token or a number. Its text shows no token. */
export class SettingFault extends Error {
  override readonly name: string = "SettingFault";
}
