// Certificates for tests of TLS, made here: no openssl is needed, and none of them lasts.
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** Texts in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DAY = 86_400_000;

/** Signs certificates of servers. */
export class Authority {
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  /** The certificate that clients trust. */
  readonly cert: string;

  constructor(private readonly name = `tests ${randomBytes(4).toString('hex')}`) {
    const basic = extension('551d13', true, sequence(Buffer.from('0101ff', 'hex')));
    this.cert = this.signed(name, this.keys.publicKey, [basic]);
  }

  /** A certificate for a server that has these names or addresses, and for a client. */
  issue(hosts: readonly string[]): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const names = extension('551d11', false, sequence(...hosts.map(generalName)));
    const cert = this.signed(hosts[0] ?? 'nobody', publicKey, [names]);
    return { cert, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
  }

  private signed(subject: string, key: KeyObject, extensions: readonly Buffer[]): string {
    const now = Date.now();
    const certified = sequence(
      tagged(0xa0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      ECDSA_SHA256,
      commonName(this.name),
      sequence(time(now - DAY), time(now + DAY)),
      commonName(subject),
      key.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', certified, this.keys.privateKey);
    const whole = sequence(certified, ECDSA_SHA256, bits(signature));
    const lines = whole.toString('base64').replace(/.{64}/g, '$&\n');
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }
}

// ASN.1 in DER: a tag, a length, a value.

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts);
const integer = (value: Buffer): Buffer => tagged(0x02, value);
const bits = (value: Buffer): Buffer => tagged(0x03, Buffer.from([0]), value);
const octets = (value: Buffer): Buffer => tagged(0x04, value);
/** @param hex the encoded number */
const objectId = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));

const ECDSA_SHA256 = sequence(objectId('2a8648ce3d040302'));

const commonName = (text: string): Buffer =>
  sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(text)))));

/** `YYMMDDHHMMSSZ` */
const time = (ms: number): Buffer =>
  tagged(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)}Z`));

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(objectId(id), ...(critical ? [Buffer.from('0101ff', 'hex')] : []), octets(value));

/** Of a server: an IPv4 address, or a name. */
const generalName = (host: string): Buffer =>
  isIP(host) === 4
    ? tagged(0x87, Buffer.from(host.split('.').map(Number)))
    : tagged(0x82, Buffer.from(host));
