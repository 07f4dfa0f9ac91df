import { IconPhoto } from "@tabler/icons-react";
import { hashOf } from "@/app/route";
import styles from "./TemplateCard.module.css";
import type { Template } from "./useLibrary";

/** A template with the picture it makes. */
export function TemplateCard({ template }: { readonly template: Template }) {
  return (
    <li className={styles.card} data-testid={`template-${template.name}`}>
      <a href={hashOf({ kind: "template", name: template.name })}>
        <span className={styles.picture}>
          {template.picture === null ? (
            <IconPhoto size={32} stroke={1} aria-hidden />
          ) : (
            <img src={template.picture} alt="" loading="lazy" decoding="async" />
          )}
        </span>
        <strong>{template.title}</strong>
        <span className={styles.description}>{template.description}</span>
      </a>
    </li>
  );
}
