using System.Runtime.InteropServices;
using System.Text;

namespace DlmUpdater.Scripts;

/// <summary>Strings as C wants them: an array of pointers with a null at its end, in one block of native memory.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    /// <summary>Copies <paramref name="strings"/>.</summary>
    public NativeStrings(IReadOnlyList<string> strings)
    {
        int table = (strings.Count + 1) * sizeof(byte*);
        int bytes = table;
        for (int i = 0; i < strings.Count; i++)
            bytes += Encoding.UTF8.GetByteCount(strings[i]) + 1;

        Pointer = (byte**)NativeMemory.Alloc((nuint)bytes);
        byte* at = (byte*)Pointer + table;
        byte* end = (byte*)Pointer + bytes;
        for (int i = 0; i < strings.Count; i++)
        {
            Pointer[i] = at;
            at += Encoding.UTF8.GetBytes(strings[i], new Span<byte>(at, (int)(end - at)));
            *at++ = 0;
        }

        Pointer[strings.Count] = null;
    }

    /// <summary>The array.</summary>
    public byte** Pointer { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(Pointer);
        Pointer = null;
    }
}
