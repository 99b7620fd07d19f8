namespace DlmUpdater.Core.Scripts;

/// <summary>Cuts a script's output into lines, in constant memory whatever is written.</summary>
/// <remarks>A line end is LF or CR LF. A lone CR is a progress bar that draws itself anew: of such a line the last part that shows
/// anything is kept, so that a download of an hour is one line of the log.</remarks>
/// <param name="emit">Told of each line, cleaned.</param>
public sealed class OutputLines(Action<string> emit)
{
    /// <summary>How many bytes of a line are kept.</summary>
    public const int MostBytes = 8 * 1024;

    /// <summary>Stands at the end of a line that was cut.</summary>
    public const string CutMark = " […]";

    private readonly byte[] _line = new byte[MostBytes];
    private int _length;
    private bool _cut;
    private bool _afterReturn;
    private bool _open;
    private string? _overwritten;

    /// <summary>Takes what was read.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int stop = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            ReadOnlySpan<byte> part = stop < 0 ? bytes : bytes[..stop];
            if (!part.IsEmpty)
                Keep(part);
            if (stop < 0)
                return;

            if (bytes[stop] == '\n')
            {
                Emit();
            }
            else
            {
                _afterReturn = true;
                _open = true;
            }

            bytes = bytes[(stop + 1)..];
        }
    }

    /// <summary>The output has ended: what stands without a line end is a line too.</summary>
    public void End()
    {
        if (_open)
            Emit();
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (_afterReturn)
        {
            string drawn = Text();
            if (!string.IsNullOrWhiteSpace(drawn))
                _overwritten = drawn;
            _length = 0;
            _cut = false;
            _afterReturn = false;
        }

        _open = true;
        int fits = Math.Min(part.Length, MostBytes - _length);
        part[..fits].CopyTo(_line.AsSpan(_length));
        _length += fits;
        _cut |= fits < part.Length;
    }

    private void Emit()
    {
        string text = Text();
        emit(_overwritten is not null && string.IsNullOrWhiteSpace(text) ? _overwritten : text);
        _overwritten = null;
        _length = 0;
        _cut = false;
        _afterReturn = false;
        _open = false;
    }

    private string Text()
    {
        if (!_cut)
            return OutputText.Clean(_line.AsSpan(0, _length));
        return OutputText.Clean(_line.AsSpan(0, WholeCharacters())) + CutMark;
    }

    /// <summary>The length without a character whose last bytes were cut off.</summary>
    private int WholeCharacters()
    {
        for (int back = 1; back <= 3 && back <= _length; back++)
        {
            byte b = _line[_length - back];
            if ((b & 0xC0) == 0x80)
                continue;
            int needs = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1;
            return needs > back ? _length - back : _length;
        }

        return _length;
    }
}
