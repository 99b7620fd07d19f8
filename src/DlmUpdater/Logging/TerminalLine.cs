using System.Buffers;
using System.Text;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>The one owner of the terminal: a live line at the bottom, log lines above it. What is erased and what is drawn anew goes
/// out in one write, so that nothing flickers and nothing is left behind.</summary>
internal sealed class TerminalLine(int fd, LineOutput output) : IDisposable
{
    private const string EraseLine = "\r\e[K";

    // Never equal to a line that is to be shown, and not empty.
    private const string Unknown = "\0";

    private readonly Lock gate = new();
    private readonly ArrayBufferWriter<byte> buffer = new(256);
    private string head = "", tail = "", drawn = "";

    /// <summary>Shows <paramref name="head"/> and <paramref name="tail"/> as the live line. Where both do not fit, the head is cut.</summary>
    internal void Show(string head, string tail)
    {
        lock (gate)
        {
            (this.head, this.tail) = (PlainText.Line(head).Replace('\t', ' '), tail);
            string line = Fit();
            if (line == drawn) return;
            Put(EraseLine);
            Put(drawn = line);
            Draw();
        }
    }

    /// <summary>Takes the live line away.</summary>
    internal void Erase()
    {
        lock (gate)
        {
            (head, tail) = ("", "");
            if (drawn.Length == 0) return;
            drawn = "";
            Put(EraseLine);
            Draw();
        }
    }

    /// <summary>Prints whole lines above the live line; <paramref name="notice"/> is the line that says how many are missing.</summary>
    internal void Print(ReadOnlySpan<byte> lines, Func<int, byte[]> notice)
    {
        lock (gate)
        {
            if (drawn.Length > 0) Put(EraseLine);
            buffer.Write(lines);
            if (drawn.Length > 0) Put(drawn = Fit());
            if (!output.Write(buffer.WrittenSpan, notice)) drawn = Unknown;
            buffer.ResetWrittenCount();
        }
    }

    /// <summary>Takes the live line away.</summary>
    public void Dispose() => Erase();

    /// <summary>One column stays free: a full line would already begin the next one on some terminals.</summary>
    private string Fit()
    {
        int columns = Terminal.Columns(fd) - 1;
        int rest = columns - ColumnsOf(tail);
        return rest < 0 ? Cut(tail, columns) : Cut(head, rest) + tail;
    }

    private static string Cut(string text, int columns)
    {
        if (ColumnsOf(text) <= columns) return text;
        const string mark = "~";
        int length = 0, used = mark.Length;
        foreach (Rune rune in text.EnumerateRunes())
        {
            used += ColumnsOf(rune);
            if (used > columns) break;
            length += rune.Utf16SequenceLength;
        }

        return columns < mark.Length ? "" : string.Concat(text.AsSpan(0, length), mark);
    }

    private static int ColumnsOf(string text)
    {
        int columns = 0;
        foreach (Rune rune in text.EnumerateRunes()) columns += ColumnsOf(rune);
        return columns;
    }

    /// <summary>No tables of character widths: whatever is not ASCII is taken for wide. The line may end early, it never wraps.</summary>
    private static int ColumnsOf(Rune rune) => rune.IsAscii ? 1 : 2;

    private void Put(string text) => Encoding.UTF8.GetBytes(text, buffer);

    /// <summary>Waits for nothing: it is drawn again a second later. What a terminal took in part is erased first then.</summary>
    private void Draw()
    {
        if (!output.Draw(buffer.WrittenSpan)) drawn = Unknown;
        buffer.ResetWrittenCount();
    }
}
