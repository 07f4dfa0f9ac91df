import { Anchor } from "@mantine/core";
import type { ReactNode } from "react";
import { readOn } from "@/store/nodeHelp";

/** To the page of another node, in the same panel. */
export function NodeLink({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <Anchor component="button" type="button" inherit onClick={() => readOn(name)}>
      {children}
    </Anchor>
  );
}
