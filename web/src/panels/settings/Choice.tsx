import { Input, SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { changeSetting, type SettingName, type Settings, useSettings } from "@/store/settings";
import styles from "./Choice.module.css";

type WordSetting = {
  [Name in SettingName]: Settings[Name] extends string ? Name : never;
}[SettingName];

interface Props<Name extends WordSetting> {
  readonly name: Name;
  readonly words: readonly Settings[Name][];
}

/** One of a few words, all of them in sight, with a sentence on the one that is chosen. */
export function Choice<Name extends WordSetting>({ name, words }: Props<Name>) {
  const { t } = useTranslation("app");
  const chosen = useSettings((settings) => settings[name]);
  const label = t(`settings.${name}`);
  return (
    <Input.Wrapper label={label} labelElement="div" description={t(`choice.${name}.${chosen}Hint`)}>
      <SegmentedControl
        fullWidth
        size="xs"
        mt={6}
        className={styles.choice ?? ""}
        aria-label={label}
        value={chosen}
        data={words.map((word) => ({ value: word, label: t(`choice.${name}.${word}`) }))}
        onChange={(value) => changeSetting(name, value)}
      />
    </Input.Wrapper>
  );
}
