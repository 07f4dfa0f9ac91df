import { Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { MissingClass } from "@/graph/formats/missing";
import styles from "./MissingPanel.module.css";
import { NodeLinks } from "./NodeLinks";

/** Node classes the server does not know, by the pack they come from. */
export function MissingClasses({ classes }: { readonly classes: readonly MissingClass[] }) {
  const { t } = useTranslation("app");
  const names = [...new Set(classes.map(packOf))];
  return (
    <section>
      <h3>{t("missing.classes", { count: classes.length })}</h3>
      <p>{t("missing.classesHint")}</p>
      {names.map((pack) => (
        <div key={pack} className={styles.card} data-testid={`missing-pack-${pack}`}>
          <h4>
            <PackName lacking={classes.find((one) => packOf(one) === pack)} />
          </h4>
          <ul>
            {classes
              .filter((one) => packOf(one) === pack)
              .map((one) => (
                <li key={one.type}>
                  <code>{one.type}</code>
                  <NodeLinks places={one.nodes} />
                </li>
              ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

function packOf({ registryId, repository }: MissingClass): string {
  return registryId ?? repository ?? "";
}

function PackName({ lacking }: { readonly lacking: MissingClass | undefined }) {
  const { t } = useTranslation("app");
  const address = lacking && addressOf(lacking);
  const name = lacking?.registryId ?? lacking?.repository ?? null;
  if (name === null) return t("missing.packUnknown");
  if (name === CORE) return t("missing.core", { version: lacking?.version ?? "" });
  return (
    <>
      {address === null ? (
        name
      ) : (
        <Anchor href={address} target="_blank" rel="noopener noreferrer" size="sm">
          {name}
        </Anchor>
      )}
      {lacking?.version !== null && <small>{lacking?.version?.slice(0, 12)}</small>}
    </>
  );
}
const CORE = "comfy-core";

/** Names come out of a file that anybody may have written: only plain ones make an address. */
function addressOf({ registryId, repository }: MissingClass): string | null {
  if (registryId !== null && /^[\w.-]+$/.test(registryId))
    return `https://registry.comfy.org/nodes/${registryId}`;
  if (repository !== null && /^[\w.-]+\/[\w.-]+$/.test(repository)) return `https://github.com/${repository}`;
  return null;
}
