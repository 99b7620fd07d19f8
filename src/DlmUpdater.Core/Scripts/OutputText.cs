using System.Text;

namespace DlmUpdater.Core.Scripts;

/// <summary>Makes one line of a script's output fit for a log: nothing in it can forge a line, move a cursor or reverse the text.</summary>
public static class OutputText
{
    /// <summary>Decodes <paramref name="line"/> (without its line end). Invalid UTF-8 becomes U+FFFD; colour and cursor sequences of terminals
    /// disappear; all else as in <see cref="PlainText"/>.</summary>
    public static string Clean(ReadOnlySpan<byte> line)
    {
        string text = Encoding.UTF8.GetString(line);
        int first = text.IndexOf('\e', StringComparison.Ordinal);
        if (first < 0)
            return PlainText.Line(text);

        var clean = new StringBuilder(text.Length);
        clean.Append(text, 0, first);
        for (int i = first; i < text.Length; i++)
        {
            int length = text[i] == '\e' ? SequenceLength(text.AsSpan(i)) : 0;
            if (length > 0)
                i += length - 1;
            else
                clean.Append(text[i]);
        }

        return PlainText.Line(clean.ToString());
    }

    /// <summary>The length of the terminal sequence at the start of <paramref name="text"/>; 0 if there is no complete one.</summary>
    private static int SequenceLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2)
            return 0;
        return text[1] switch
        {
            '[' => ControlLength(text),
            ']' => TitleLength(text),
            '(' or ')' => text.Length > 2 ? 3 : 0,
            '=' or '>' or '7' or '8' or 'c' or 'M' => 2,
            _ => 0,
        };
    }

    private static int ControlLength(ReadOnlySpan<char> text)
    {
        for (int i = 2; i < text.Length; i++)
        {
            if (text[i] is >= '@' and <= '~')
                return i + 1;
            if (text[i] is < ' ' or > '?')
                return 0;
        }

        return 0;
    }

    private static int TitleLength(ReadOnlySpan<char> text)
    {
        int end = text.IndexOf('\a');
        int other = text[1..].IndexOf("\u001b\\");
        if (other >= 0 && (end < 0 || other + 1 < end))
            return other + 3;
        return end + 1;
    }
}
