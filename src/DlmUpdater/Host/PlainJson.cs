using System.Text;
using System.Text.Encodings.Web;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Host;

/// <summary>Escapes JSON for a terminal or a log: what <see cref="PlainText"/> does not show is written as <c>\u202e</c>, which says the same to a
/// program; all else stays readable.</summary>
internal sealed unsafe class PlainJson : JavaScriptEncoder
{
    private static readonly JavaScriptEncoder Readable = UnsafeRelaxedJsonEscaping;

    private PlainJson()
    {
    }

    /// <summary>The one there is.</summary>
    internal static PlainJson Encoder { get; } = new();

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => Readable.MaxOutputCharactersPerInputCharacter;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => Readable.WillEncode(unicodeScalar) || (Rune.IsValid(unicodeScalar) && PlainText.IsUnfit(new Rune(unicodeScalar)));

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var span = new ReadOnlySpan<char>(text, textLength);
        for (int i = 0; i < span.Length; i++)
        {
            if (Rune.DecodeFromUtf16(span[i..], out Rune rune, out int length) != System.Buffers.OperationStatus.Done || WillEncode(rune.Value)) return i;
            i += length - 1;
        }

        return -1;
    }

    /// <inheritdoc/>
    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        if (Readable.WillEncode(unicodeScalar)) return Readable.TryEncodeUnicodeScalar(unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);
        numberOfCharactersWritten = 0;
        Span<char> units = stackalloc char[2];
        int count = new Rune(unicodeScalar).EncodeToUtf16(units);
        const int escaped = 6;
        if (bufferLength < count * escaped) return false;
        foreach (char unit in units[..count])
        {
            var to = new Span<char>(buffer + numberOfCharactersWritten, escaped);
            "\\u".CopyTo(to);
            _ = ((int)unit).TryFormat(to[2..], out _, "x4", System.Globalization.CultureInfo.InvariantCulture);
            numberOfCharactersWritten += escaped;
        }

        return true;
    }
}
