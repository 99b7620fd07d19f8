using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Host;

/// <summary>Text for a terminal. What stands in the program is taken as it is; every value in braces is cleaned, whoever it comes from: holders from a lock
/// service, names of scripts and files, words of a server. What is to be shown must have this type, so that no value gets by.</summary>
[InterpolatedStringHandler]
internal sealed class ShownText
{
    private readonly StringBuilder text;

    /// <summary>Empty.</summary>
    internal ShownText() => text = new StringBuilder();

    /// <summary>For the compiler, which turns <c>$"…"</c> into calls of the methods below.</summary>
    public ShownText(int literalLength, int formattedCount)
    {
        const int likely = 16;
        text = new StringBuilder(literalLength + (formattedCount * likely));
    }

    /// <summary>True if there is nothing in it.</summary>
    internal bool IsEmpty => text.Length == 0;

    /// <summary>Several lines that this program has laid out, such as a configuration file that it has made: line ends stay, all else is cleaned.</summary>
    internal static ShownText OfLines(string lines)
    {
        var shown = new ShownText();
        shown.text.Append(PlainText.Lines(lines));
        return shown;
    }

    /// <summary>Appends what is clean already.</summary>
    internal ShownText Append(ShownText more)
    {
        text.Append(more.text);
        return this;
    }

    /// <summary>For the compiler.</summary>
    public void AppendLiteral(string literal) => text.Append(literal);

    /// <summary>For the compiler.</summary>
    public void AppendFormatted(ShownText more) => Append(more);

    /// <summary>For the compiler.</summary>
    public void AppendFormatted(string? value) => text.Append(PlainText.Line(value ?? ""));

    /// <summary>For the compiler.</summary>
    public void AppendFormatted(string? value, int alignment) => Align(PlainText.Line(value ?? ""), alignment);

    /// <summary>For the compiler.</summary>
    public void AppendFormatted<T>(T value, string? format = null) => AppendFormatted(Format(value, format));

    /// <summary>For the compiler.</summary>
    public void AppendFormatted<T>(T value, int alignment, string? format = null) => AppendFormatted(Format(value, format), alignment);

    /// <inheritdoc/>
    public override string ToString() => text.ToString();

    private static string? Format<T>(T value, string? format) => value is IFormattable formattable ? formattable.ToString(format, CultureInfo.InvariantCulture) : value?.ToString();

    private void Align(string value, int alignment) => text.Append(alignment < 0 ? value.PadRight(-alignment) : value.PadLeft(alignment));
}
