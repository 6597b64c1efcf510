import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import type { IssuedCertificate } from "../pki/issuance.ts";

/** What a kubeconfig with an embedded client certificate says. */
export type KubeconfigArgs = {
  /** Cluster name, and part of the context's name. */
  cluster: string;
  /** URL of kube-apiserver. */
  server: pulumi.Input<string>;
  /** User name; the certificate's CN. */
  user: string;
  caPem: pulumi.Input<string>;
  /** `privateKeyPem` is a secret. */
  client: IssuedCertificate;
};

/** A kubeconfig as kubeadm writes it; as secret as the client's key is. */
export function kubeconfig(args: KubeconfigArgs): pulumi.Output<string> {
  return pulumi
    .all([args.caPem, args.client.certPem, args.client.privateKeyPem, args.server])
    .apply(([ca, certificate, key, server]) =>
      renderKubeconfig({ ...args, server }, ca, certificate, key),
    );
}

function renderKubeconfig(
  { cluster, server, user }: Omit<KubeconfigArgs, "server"> & { server: string },
  ca: string,
  certificate: string,
  key: string,
): string {
  const context = `${user}@${cluster}`;
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: cluster, cluster: { "certificate-authority-data": base64(ca), server } }],
      contexts: [{ name: context, context: { cluster, user } }],
      "current-context": context,
      users: [
        {
          name: user,
          user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) },
        },
      ],
    },
    { lineWidth: 0 },
  );
}

/** Base64 of a text in UTF-8. */
export function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
