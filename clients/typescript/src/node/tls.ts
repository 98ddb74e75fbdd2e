/** TLS as a client wants it: whom it trusts, and how it shows who it is itself. */
import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";

import { SettingFault } from "../faults.js";
import { contentOf, variable } from "./environment.js";

/** The PEM files of a connection with TLS. */
export interface TlsOptions {
  /** Whether to use TLS. Default: if a CA or a certificate is given. */
  readonly tls?: boolean;
  /** Whom to trust. Default: the file LOTKEEPER_CA_FILE, otherwise the public authorities. */
  readonly caFile?: string;
  /** What the client shows. Default: the file LOTKEEPER_CLIENT_CERTIFICATE. */
  readonly clientCertificate?: string;
  /** Its key, without a password. Default: the file LOTKEEPER_CLIENT_KEY. */
  readonly clientKey?: string;
}

/** What Node's TLS is given; undefined for plain text. Throws a SettingFault where a file cannot be used. */
export function tlsOf(options: TlsOptions): SecureContextOptions | undefined {
  const caFile = options.caFile ?? variable("LOTKEEPER_CA_FILE");
  const own = options.clientCertificate !== undefined || options.clientKey !== undefined;
  const certificate = own ? options.clientCertificate : variable("LOTKEEPER_CLIENT_CERTIFICATE");
  const key = own ? options.clientKey : variable("LOTKEEPER_CLIENT_KEY");
  const isGiven = caFile !== undefined || certificate !== undefined || key !== undefined;
  if (!(options.tls ?? isGiven)) return undefined;
  if ((certificate === undefined) !== (key === undefined)) {
    const [what, missing] = key === undefined ? ["certificate", "key"] : ["key", "certificate"];
    throw new SettingFault(`a client ${what} is given without its ${missing}: give both`);
  }
  const context: SecureContextOptions = {};
  if (caFile !== undefined) {
    context.ca = contentOf(caFile, "CA file");
    try {
      new X509Certificate(context.ca);
    } catch {
      throw new SettingFault(`the CA file ${caFile} holds no PEM certificates`);
    }
  }
  if (certificate !== undefined && key !== undefined) {
    context.cert = contentOf(certificate, "client certificate");
    context.key = contentOf(key, "client key");
    try {
      createSecureContext(context);
    } catch (error) {
      throw new SettingFault(
        `the client certificate ${certificate} and the key ${key} cannot be used together ` +
          `(${error instanceof Error ? error.message : String(error)}); both must be PEM, the key without a password`,
      );
    }
  }
  return context;
}
