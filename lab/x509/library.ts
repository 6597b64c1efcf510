/** The certificate library, with the polyfill that it asks its users to load first. */
import "reflect-metadata";

export * from "@peculiar/x509";
