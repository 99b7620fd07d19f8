namespace DlmUpdater.Host;

/// <summary>Lines for a reader that may not read: cron's pipe behind a process that hangs, a pager, a container runtime, a terminal that is stopped.
/// They wait as long as the budget of the process lasts; from then on a line without room is dropped at once and counted. May be
/// called from several threads.</summary>
/// <param name="to">Where the lines go.</param>
/// <param name="budget">How long may be waited.</param>
internal sealed class LineOutput(OutputDescriptor to, WaitBudget budget)
{
    private readonly Lock gate = new();
    private int dropped;
    private bool torn;

    /// <summary>Writes a line. False if it was dropped.</summary>
    /// <param name="line">The line, its newline included; may be several.</param>
    /// <param name="notice">The line that says how many are missing; asked for when there may be room again.</param>
    internal bool Write(ReadOnlySpan<byte> line, Func<int, byte[]> notice)
    {
        lock (gate)
        {
            if (dropped == 0 && !torn)
            {
                if (Put(line, waits: true) == line.Length) return true;
                dropped++;
                return false;
            }

            // In one write: a gap that only the notice fits into would be filled with notices.
            byte[] missing = Missing(notice);
            int written = Put([.. missing, .. line], waits: true);
            if (written >= missing.Length) dropped = 0;
            if (written == missing.Length + line.Length) return true;
            dropped++;
            return false;
        }
    }

    /// <summary>Says how many lines are missing, if any are and there is room; never waits. A line after that begins anew.</summary>
    internal void Close(Func<int, byte[]> notice)
    {
        lock (gate)
        {
            if ((dropped > 0 || torn) && Put(Missing(notice), waits: false) > 0) dropped = 0;
            to.Close();
        }
    }

    /// <summary>Writes what may as well be missing, such as a line that is drawn again a second later. Never waits; false if not all of it went out.</summary>
    internal bool Draw(ReadOnlySpan<byte> bytes)
    {
        lock (gate) return dropped == 0 && !torn && to.TryWrite(bytes, out _) == 0;
    }

    private byte[] Missing(Func<int, byte[]> notice) => [.. torn ? "\n"u8 : default, .. dropped > 0 ? notice(dropped) : []];

    /// <summary>How many bytes went out. What went out in part ends the line before the next one begins.</summary>
    private int Put(ReadOnlySpan<byte> bytes, bool waits)
    {
        int done = 0;
        while (true)
        {
            int error = to.TryWrite(bytes[done..], out int written);
            done += written;
            if (error == Native.EAGAIN && waits && budget.Spend(to.WaitForRoom)) continue;
            if (done > 0) torn = done < bytes.Length;
            return done;
        }
    }
}
