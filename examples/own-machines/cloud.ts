/** A cloud that is none: it gives addresses that nobody knows at a preview, as clouds do. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

/** A network interface. It has its address before any machine uses it. */
export class NetworkInterface extends pulumi.ComponentResource {
  readonly privateIp: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      /** The first three numbers of its address. */
      subnet: string;
      /** The last number is one of the ten from here on. */
      first: number;
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("example:cloud:NetworkInterface", name, {}, opts);
    // A key is drawn where a cloud would draw an address: once, when the resource is made.
    const drawn = new tls.PrivateKey(name, { algorithm: "ED25519" }, { parent: this });
    this.privateIp = drawn.publicKeyPem.apply((pem) => {
      const [byte = 0] = createHash("sha256").update(pem).digest();
      return `${args.subnet}.${args.first + (byte % 10)}`;
    });
    this.registerOutputs({ privateIp: this.privateIp });
  }
}

/** A virtual machine. */
export class Machine extends pulumi.ComponentResource {
  readonly userData: pulumi.Output<string>;

  constructor(
    name: string,
    args: { networkInterface: NetworkInterface; userData: pulumi.Input<string> },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("example:cloud:Machine", name, {}, opts);
    this.userData = pulumi.secret(args.userData);
    this.registerOutputs({ address: args.networkInterface.privateIp, userData: this.userData });
  }
}
