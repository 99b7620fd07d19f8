using System.Text;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>One line of a shell script, if it assigns a constant to a variable.</summary>
internal static class ShellAssignment
{
    private static readonly string[] Words = ["export", "readonly", "declare", "typeset", "local"];

    /// <summary>Reads it. A comment, or another command behind a semicolon, may follow.</summary>
    /// <param name="line">The line.</param>
    /// <param name="name">The variable; empty if the line assigns none.</param>
    /// <param name="value">Its value; null if only a shell can tell it.</param>
    /// <returns>Why there is no value; null if there is.</returns>
    internal static string? Read(string line, out string name, out string? value)
    {
        (name, value) = ("", null);
        string rest = line.Trim();
        foreach (string word in Words)
        {
            if (!rest.StartsWith(word + " ", StringComparison.Ordinal)) continue;
            rest = rest[word.Length..].TrimStart();
            while (rest.StartsWith('-')) rest = rest[Math.Max(1, (rest + " ").IndexOf(' ', StringComparison.Ordinal))..].TrimStart();
        }

        int equals = rest.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || !rest[..equals].All(c => char.IsAsciiLetterOrDigit(c) || c == '_')) return null;
        name = rest[..equals];
        return Word(rest[(equals + 1)..], out value);
    }

    private static string? Word(string text, out string? value)
    {
        const string Computed = "the value is computed by the shell: write it out";
        value = null;
        var word = new StringBuilder();
        char quote = '\0';
        int at = 0;
        for (; at < text.Length; at++)
        {
            char c = text[at];
            if (quote == '\'' && c != '\'')
            {
                word.Append(c);
            }
            else if (c is '\'' or '"' && (quote == '\0' || quote == c))
            {
                quote = quote == c ? '\0' : c;
            }
            else if (c is '$' or '`')
            {
                return Computed;
            }
            else if (c == '\\' && at + 1 < text.Length)
            {
                if (quote == '"' && text[at + 1] is not ('"' or '\\' or '$' or '`')) word.Append(c);
                else word.Append(text[++at]);
            }
            else if (quote == '\0' && (char.IsWhiteSpace(c) || c is ';' or '&' or '|'))
            {
                break;
            }
            else
            {
                word.Append(c);
            }
        }

        if (quote != '\0') return "the quoted value goes over several lines: write it in one";
        if (text[at..].Trim() is { Length: > 0 } more && more[0] is not ('#' or ';' or '&')) return "the value belongs to one command only, or is split: put it in quotes";
        value = word.ToString();
        return null;
    }
}
