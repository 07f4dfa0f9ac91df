import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";

interface Props {
  /** What it searches, as its name and as the hint in it. */
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** The search of a panel. */
export function SearchField({ label, value, onChange }: Props) {
  return (
    <TextInput
      size="xs"
      flex={1}
      leftSection={<IconSearch size={14} aria-hidden />}
      aria-label={label}
      placeholder={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
