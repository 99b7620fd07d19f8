using System.Text;

namespace DlmUpdater.Host;

/// <summary>stdout and stderr without the console class, whose start-up costs more than a whole run without updates.</summary>
internal static class StandardStreams
{
    /// <summary>How often a write to stdout that waits looks for a signal.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private static readonly OutputDescriptor Output = new(1);

    /// <summary>stderr, for all that this process writes there: lines that were dropped are counted together.</summary>
    internal static LineOutput Error { get; } = new(new OutputDescriptor(2), WaitBudget.OfThisProcess);

    /// <summary>From here on, what goes to stderr goes to stdout. Before the first line.</summary>
    internal static void TalkOnStdout() => _ = Native.Files.dup2(1, 2);

    /// <summary>Data, to stdout: all of it, however long its reader takes. Returns 0; EINTR if a signal asked this process to stop first; EPIPE if the
    /// reader is gone; or another errno.</summary>
    internal static int WriteOut(ReadOnlySpan<byte> bytes)
    {
        int done = 0;
        while (true)
        {
            int error = Output.TryWrite(bytes[done..], out int written);
            done += written;
            if (error != Native.EAGAIN) return error;
            if (Signals.OfThisProcess.Stop.IsCancellationRequested) return Native.EINTR;
            Output.WaitForRoom(Look);
        }
    }

    /// <summary>One line for a person, to stderr; whatever it quotes, it stays one line.</summary>
    internal static void WriteError(string line) => WriteError($"{line}");

    /// <inheritdoc cref="WriteError(string)"/>
    internal static void WriteError(ShownText line) => Error.Write(Encoding.UTF8.GetBytes(line + "\n"), Missing);

    /// <summary>Says how many lines for a person are missing.</summary>
    private static byte[] Missing(int lines) => Encoding.UTF8.GetBytes($"dlm-updater: {Dropped(lines)}\n");

    /// <summary>What is said instead of lines that were dropped.</summary>
    internal static string Dropped(int lines) => $"{lines} {(lines == 1 ? "line was" : "lines were")} dropped here: nothing read standard error";

    /// <summary>Reads one line from stdin, which is a terminal; true if it is <c>yes</c>, false also after a signal that asks to stop.</summary>
    internal static bool ReadsYes()
    {
        while (!Descriptor.IsReadable(0, Look))
        {
            if (Signals.OfThisProcess.Stop.IsCancellationRequested) return false;
        }

        // A terminal gives one line for one read.
        const int LongestLine = 256;
        return Encoding.UTF8.GetString(Descriptor.ReadLine(0, LongestLine)).Trim() == "yes";
    }
}
